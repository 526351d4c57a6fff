#pragma once

#include "text/unicode/utf8.h"  // has utf8::append now
