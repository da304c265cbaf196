"""What runs in the worker beside student code: nothing here is trusted or holds an answer."""
