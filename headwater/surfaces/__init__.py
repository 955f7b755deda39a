"""The HTTP contracts. A surface renames and reshapes; it holds no SQL, no arithmetic and no rule of another."""
