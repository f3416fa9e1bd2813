"""Whether a photograph can be judged, and whether photographs are of the camera that the normals are of."""
