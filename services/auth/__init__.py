"""Who there is and who is signed in: users, sessions, sign-in."""
