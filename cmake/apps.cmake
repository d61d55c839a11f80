# The programs, their tests, benches and fuzzers.
