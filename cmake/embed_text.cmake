# cmake -DINPUT=file -DOUTPUT=source.cpp -DHEADER=its.h -DFUNCTION=a::b::name -P embed_text.cmake
# Writes a source file in which `std::string_view FUNCTION()` returns INPUT's text,
# as hexadecimal escapes: no character of it can mean anything to the compiler.
file(WRITE ${OUTPUT} "// Generated from ${INPUT}: edit that.\n#include \"${HEADER}\"\n\nstd::string_view ${FUNCTION}() {\n  return")
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
set(at 0)
while(at LESS digits)
  string(SUBSTRING "${hex}" ${at} 200 piece)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" piece "${piece}")
  file(APPEND ${OUTPUT} "\n    \"${piece}\"")
  math(EXPR at "${at} + 200")
endwhile()
file(APPEND ${OUTPUT} ";\n}\n")
