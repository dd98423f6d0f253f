return {select(2, pcall(sleep, -1)).kind, select(2, pcall(sleep, "soon")).kind}
