# What a method takes beside normal photographs, as its schema says.


def taken(what, file):
    """Return a function that gives a file if a method takes what is in it, and nothing otherwise."""
    return lambda wildcards: file if what in METHODS_TAKE[wildcards.method] else []


def abnormal_taken(wildcards, columns):
    """Return the rows of abnormal photographs that a method may learn from; none if it learns from normals alone."""
    table = BESIDE if "abnormal" in METHODS_TAKE[wildcards.method] else BESIDE.iloc[:0]
    return columns_of(table, None, columns)


def textures_taken(wildcards):
    """Return the user's textures, if the method's settings name a folder of them."""
    folder = fitted_row(wildcards)["settings"].get("texture_folder")
    return [str(file) for file in or_stop(texture_files, folder)] if folder else []
