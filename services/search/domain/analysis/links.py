def query_term(t):
    t=t.split("://")[-1]
    if "." not in t: return None
    return "url:"+t if "/" in t else "host:"+t
def host_term(t):
    return "host:"+t if "." in t and "/" not in t else None
