const [script, first, second = "none"] = ARGS;
({ script: script.match(/[a-z]+/)[0], first, second, cups: ARGS.cups, hot: ARGS.hot });
