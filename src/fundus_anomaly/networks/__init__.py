"""Pre-trained networks behind one interface: a batch of photographs in, two named levels of features out."""
