"""A detector that was trained once, and folders of photographs that are judged by it, each photograph once."""
