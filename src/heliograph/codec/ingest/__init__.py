"""Rules by which messages of any topic become points, and the forms that devices send."""
