kept = []
while True:
    kept.append(f"{len(kept)} " * 200)
