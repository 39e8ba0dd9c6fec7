"""Print what the commands make, for other tools: the same documents, in their formats."""
