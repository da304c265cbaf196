"""a2's conclusions and the comparison with the published study, on tables made by hand."""

from __future__ import annotations

import importlib
import math

import pytest

from tests.flat import flat_imports
from tests.programs import ROOT

A2 = ROOT / "a2_bigram_bow"


@pytest.fixture
def modules():
    with flat_imports(A2 / "solution", A2 / "given"):
        names = ("conclusions", "embedded", "report", "table")
        yield {name: importlib.import_module(name) for name in names}


def cell(pe_type, block_size, loss, model="bigram_v2", n_embd=64):
    place = {"model": model, "pe_type": pe_type, "block_size": block_size, "n_embd": n_embd}
    return place | {"learning_rate": 0.01, "train_loss": loss, "val_loss": loss}


def test_a_conclusion_is_true_only_where_all_pairs_hold(modules):
    first = modules["conclusions"].BIGRAM[0]
    rows = [cell("rope", 8, 2.1), cell("sinpe", 8, 2.2), cell("randn", 8, 2.3)]
    assert first.count(rows) == (2, 2)
    assert modules["conclusions"].verdict(first.count(rows)) == ("true", "2 of 2")
    rows[2]["val_loss"] = 2.15
    assert modules["conclusions"].verdict(first.count(rows)) == ("false", "1 of 2")
    assert modules["conclusions"].verdict(first.count([])) == ("not measured", "0")


def test_values_that_were_not_measured_are_passed_over(modules):
    """A sweep of blocks 8 and 32 said nothing of larger blocks, as 16 was missing between them."""
    first = modules["conclusions"].BOW[0]
    rows = [cell("rope", 8, 2.1, "bow"), cell("rope", 32, 2.2, "bow")]
    assert first.count(rows) == (1, 1)


def test_a_baseline_is_beaten_or_not(modules):
    third = modules["conclusions"].BIGRAM[2]
    rows = [cell("rope", 8, 2.1), cell("sinpe", 8, 2.49)]
    rows += [cell(None, 8, 2.48, "bigram", None), cell(None, 8, 2.5, "bigram_mf", 384)]
    assert third.count(rows) == (2, 3)


def test_the_published_table_is_whole_and_has_nine_verdicts(modules):
    report = modules["report"]
    rows = report.read_published()
    assert len(rows) == 422 and len({report.key(row) for row in rows}) == 422
    text = modules["conclusions"].told(rows, rows)
    assert text.count("| true |") + text.count("| false |") == 18
    assert len(modules["conclusions"].BOW) == 5 and len(modules["conclusions"].BIGRAM) == 4


def test_differences_name_what_is_far_away(modules):
    report = modules["report"]
    published = [cell("rope", 8, 2.1), cell("rope", 16, 2.0)]
    ours = [cell("rope", 16, 2.09), cell("rope", 8, 2.11), cell("sinpe", 8, 2.2)]
    text = report.differences(report.pair(ours, published), len(published))
    assert "2 of its 2 cells" in text
    assert "| all | 2 | +0.0500 | 0.0500 | 0.0900 |" in text
    assert "Above 0.06: 1 cells." in text and "block_size 16" in text


def test_a_cell_that_diverged_is_never_the_best_nor_near(modules):
    report = modules["report"]
    rows = [cell("rope", 8, math.nan), cell("rope", 16, 2.09)]
    assert "block_size 16" in report.best(rows) and "nan" not in report.best(rows)
    pairs = report.pair(rows, [cell("rope", 8, 2.1), cell("rope", 16, 2.1)])
    assert "Above 0.06: 1 cells." in report.differences(pairs, 2)


def test_another_setting_is_not_put_beside_the_published_one(modules, tmp_path):
    report, table = modules["report"], modules["table"]
    study = dict(zip(table.SETTING, report.STUDY, strict=True))
    rows = [row | study for row in report.read_published()]
    assert "422 of its 422 cells" in report.write(rows, tmp_path)
    rows[0]["steps"] = 6
    assert "published study" not in report.write(rows, tmp_path)


def test_a_torn_table_is_refused(modules, tmp_path):
    from course.errors import UserError

    table, path = modules["table"], tmp_path / "table.csv"
    assert table.of_cells(path).read() == []
    path.write_text(",".join(table.KINDS) + "\nembedded,x\n")
    with pytest.raises(UserError, match="line 2"):
        table.of_cells(path).read()


def test_the_embedded_text_is_the_same_each_time_and_far_letters_tell(modules):
    """In one tale few consonants occur: what stands far back tells what may come."""
    build = modules["embedded"].build
    text = build("tiny", 3)
    assert text == build("tiny", 3) != build("tiny", 4)
    consonants = set(modules["embedded"].CONSONANTS)
    for line in text.splitlines():
        assert len(set(line.lower()) & consonants) <= modules["embedded"].CONSONANTS_EACH
