"""What client.py is made of: reading scripts, talking to the server, holding a conversation, showing it."""
