{
    "script": ARGS[0].partition(".")[0],
    "first": ARGS[1],
    "second": ARGS[2] if len(ARGS) > 2 else "none",
    "cups": ARGS.cups,
    "hot": ARGS["hot"],
}
