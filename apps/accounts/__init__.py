"""Who works here: users, the union tree, roles and sessions."""
