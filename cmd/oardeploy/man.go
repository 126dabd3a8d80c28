package main

// exitCodes is what the manual says of them.
const exitCodes = `0 Done.
1 Something failed.
2 The usage is wrong.
130 Interrupted.
`
