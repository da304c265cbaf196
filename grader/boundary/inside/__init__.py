"""What runs in the worker next to student code: nothing here is trusted or holds an answer."""
