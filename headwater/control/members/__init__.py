"""The people of an organisation as its members manage them: roles, removals, invitations."""
