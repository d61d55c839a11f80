# The think room's part: prompt/, engine/ and carrel-think, against the headers of the room image.
