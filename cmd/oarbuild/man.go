package main

// exitCodes is what the manual says of them.
const exitCodes = `0 Done.
1 Something failed, or there are differences: diff --exit-code, lock --check.
2 The usage or a recipe is wrong.
3 There was nothing to do: --if-changed.
130 Interrupted.
`
