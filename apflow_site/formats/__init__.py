"""How Django writes times where its own format would leave the zone to be guessed."""
