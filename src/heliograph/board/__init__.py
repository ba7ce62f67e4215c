"""The laptop's side of boards: reach them over SSH, set them up, develop on them."""
