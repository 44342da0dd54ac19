"""The five services of Chorus and the chassis under them."""
