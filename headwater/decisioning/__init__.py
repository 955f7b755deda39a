"""Which offers a customer is given, and what becomes of them: pure stages, and the two services around them."""
