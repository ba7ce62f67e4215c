"""The functions of a program: what each is given, how it is called, and when."""
