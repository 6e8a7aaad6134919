// Whether a test runs under a sanitizer that changes what it is about. For net's tests only.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CROSSFADE_ADDRESS_SANITIZED 1
#elif __has_feature(thread_sanitizer)
#define CROSSFADE_THREAD_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(CROSSFADE_ADDRESS_SANITIZED)
#define CROSSFADE_ADDRESS_SANITIZED 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(CROSSFADE_THREAD_SANITIZED)
#define CROSSFADE_THREAD_SANITIZED 1
#endif
