"""All that flyhot keeps in a store: which objects, under which keys, written by whom and when."""
