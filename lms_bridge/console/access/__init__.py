"""Who may do what in the console: roles, passwords, sessions, and sign-in with Entra ID."""
