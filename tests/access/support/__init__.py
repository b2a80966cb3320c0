"""What the tests of sign-in need."""
