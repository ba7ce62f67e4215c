"""Reading the streams of a hub from a program."""
