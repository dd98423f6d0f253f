// wants: unknown-name 5:1 error
// wants: unknown-function 7:6 error
try { nope() } catch {}
try { nope(); nope(); nope() } catch {}
nope();
try { Tool.nope() } catch {}
Tool.nope();
