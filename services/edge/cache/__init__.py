"""What an edge keeps of answers: encoded once, and handed out only while the primary vouches for them."""
