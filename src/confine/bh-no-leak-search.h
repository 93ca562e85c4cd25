/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * To be included by one file of a program that confines itself: the sanitizer's search for leaks reads /proc and traces
 * the program, which a confined one cannot do. */
#pragma once

#ifdef __SANITIZE_ADDRESS__
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif
