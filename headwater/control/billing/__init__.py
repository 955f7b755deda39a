"""Credits, what they are paid with, and the invoices about it."""
