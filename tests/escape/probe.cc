// The hostile program of the tests here: `probe PART` in a room plays a part (behaviours.h).
#include "room/probe/attempt.h"
#include "tests/escape/behaviours.h"

int main(int count, char** arguments) {
  if (count < 2) return 1;
  if (const auto status = carrel::probe::was_executed(arguments[1])) return *status;
  return carrel::escape::behave(arguments[1]);
}
