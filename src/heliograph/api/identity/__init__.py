"""Who may do what: the operator, tokens with rights of their own, people, sessions."""
