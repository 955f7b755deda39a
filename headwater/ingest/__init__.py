"""Facts in: bodies unfolded, decoded, checked and committed in groups, with bounded memory."""
