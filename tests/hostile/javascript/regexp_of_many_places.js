// title: a regular expression that remembers more places than there is memory for
// threat: T-MEM-4
// verdict: limit memory
// passes: api
/(?:(a)|b)*c/.exec("a".repeat(5e6));
