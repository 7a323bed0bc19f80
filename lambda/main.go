package lambda

// Main runs the function over the Lambda Runtime API until the process ends. It
// returns the process's exit code.
func Main() int { return 1 }
