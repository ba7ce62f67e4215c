"""What an app sends: the results of its functions become points."""
