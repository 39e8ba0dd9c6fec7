"""Uploads that browsers send to the storage by themselves, in parts."""
