"""LesionPaste (Huang, Huang and Tang, 2022): the lesions of one annotated image, pasted onto normal images."""
