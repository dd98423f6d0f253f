return {script = ARGS[0]:match("%a+"), first = ARGS[1], second = ARGS[2] or "none", cups = ARGS.cups, hot = ARGS.hot}
