"""What is in a message: payloads of the forms that devices send, as plain values."""
