// All of CQL's value codec: native scalars, raw elements of composite values, value trees, and text.
#pragma once

#include "cql/elements.hpp"
#include "cql/literal.hpp"
#include "cql/scalar_text.hpp"
#include "cql/scalars.hpp"
#include "cql/value.hpp"
