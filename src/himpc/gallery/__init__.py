"""A gallery of recordings whose persons are known: who is this, and is it anybody we know?"""
