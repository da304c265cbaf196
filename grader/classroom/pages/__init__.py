"""Static pages of a class: no server, sorted and filtered in the browser.

OUT/staff/index.html                the assignments
OUT/staff/a5_mingpt_perceiver.html  one of them: the class, the tests, the mistakes
OUT/students/ID.html                a student's page, with nothing of any other
"""
