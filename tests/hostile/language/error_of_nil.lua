-- title: error(nil), and error(error)
-- threat: T-LANG-4
-- verdict: error runtime
-- says: nil
pcall(error, error)
error(nil)
