"""The command line: the same services as the HTTP surfaces, for the operator at the machine."""
