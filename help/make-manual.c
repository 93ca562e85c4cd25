/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fills the manual pages from the tables of the code, so that they cannot differ from it:
 * @KEYS@ from bh-keys.h, @EXIT_CODES@ from bh-error.h.
 *
 * Usage: make-manual TEMPLATE > PAGE */
#include "config.h"

#include "bh-error.h"
#include "bh-keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each error means to a caller, in the order of BhError. */
static const char *const meanings[] = {
  [BH_ERROR_INVALID_ARGUMENT] = "A setting or an argument has a value it cannot have.",
  [BH_ERROR_NOT_FOUND] = "There is no such AppVM, or no such program in it.",
  [BH_ERROR_EXISTS] = "There is an AppVM of that name already.",
  [BH_ERROR_BAD_KEY_FILE] = "The file of the AppVM has a mistake.",
  [BH_ERROR_NOT_RUNNING] = "The AppVM does not run.",
  [BH_ERROR_BUSY] = "The AppVM runs, or somebody else has its console.",
  [BH_ERROR_NO_KERNEL] = "There is no kernel for guests on this computer.",
  [BH_ERROR_KERNEL_UNREADABLE] = "The kernel cannot be read by this user.",
  [BH_ERROR_NO_HYPERVISOR] = "QEMU or libvirt is missing, or does not work.",
  [BH_ERROR_NO_DISPLAY] = "There is no Wayland display to show windows on.",
  [BH_ERROR_NO_MEMORY] = "There is not enough memory.",
  [BH_ERROR_DISK_FULL] = "The disk is full.",
  [BH_ERROR_BOOT_FAILED] = "The guest did not come up.",
  [BH_ERROR_PROGRAM_NOT_FOUND] = "The program is not installed on this computer.",
  [BH_ERROR_PROGRAM_UNSUPPORTED] = "The program cannot run in an AppVM.",
  [BH_ERROR_PROGRAM_FAILED] = "The program did not start, or ended before it showed a window.",
  [BH_ERROR_CANCELLED] = "It was given up.",
  [BH_ERROR_NOT_AUTHORIZED] = "It needs an administrator, who did not agree to it.",
  [BH_ERROR_LIMIT_REACHED] = "There are as many of them as one user may have.",
  [BH_ERROR_NO_NETWORK] = "The AppVM cannot have the network its settings ask for.",
  [BH_ERROR_NO_KEY] = "The key of an encrypted home is not to be had from the keyring.",
  [BH_ERROR_NO_TEMPLATE] = "The Debian template of the AppVM is not built yet.",
  [BH_ERROR_NO_HELPER] = "bulkhead-helper, polkit or the system bus is missing.",
};
G_STATIC_ASSERT (G_N_ELEMENTS (meanings) == BH_N_ERRORS);

/* Text as troff takes it. */
static char *
roff (const char *text)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      switch (c)
        {
        case '\\':
          g_string_append (out, "\\e");
          break;
        case '-':
          g_string_append (out, "\\-");
          break;
        case 0x201c:
          g_string_append (out, "\\(lq");
          break;
        case 0x201d:
          g_string_append (out, "\\(rq");
          break;
        default:
          if (c < 0x80)
            g_string_append_c (out, (char) c);
          else
            g_string_append_printf (out, "\\[u%04X]", c);
        }
    }
  return g_string_free (out, FALSE);
}

static void
print_sentence (const char *text)
{
  g_autofree char *escaped = roff (text);

  puts (escaped);
}

static void
print_keys (void)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *range = bh_key_describe_range (&keys[i]);
      g_autofree char *doc = g_strconcat (keys[i].doc, ".", NULL);
      g_autofree char *takes = g_strconcat ("Takes ", range, ".", NULL);
      g_autofree char *fallback = NULL;

      if (i == 0 || keys[i].group != keys[i - 1].group)
        printf (".SS %s\n", bh_key_group_title (keys[i].group, NULL));
      printf (".TP\n.B %s\n", keys[i].name);
      print_sentence (doc);
      print_sentence (takes);
      if (keys[i].fallback == NULL)
        puts ("Required.");
      else if (*keys[i].fallback != '\0')
        {
          fallback = g_strdup_printf ("Default: %s%s%s.", keys[i].fallback,
                                      keys[i].unit != NULL ? " " : "",
                                      keys[i].unit != NULL ? keys[i].unit : "");
          print_sentence (fallback);
        }
      if (keys[i].needs_restart)
        puts ("Takes effect at the next start.");
      if (keys[i].weakens)
        puts ("Any other value than the default makes the isolation weaker.");
    }
}

static void
print_exit_codes (void)
{
  for (int i = BH_ERROR_FAILED + 1; i < BH_N_ERRORS; i++)
    {
      if (meanings[i] == NULL)
        g_error ("make-manual.c says nothing about error %d", i);
      printf (".TP\n.B %d\n", 10 + i);
      print_sentence (meanings[i]);
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (argc != 2 || !g_file_get_contents (argv[1], &text, NULL, &error))
    {
      fprintf (stderr, "make-manual: %s\n", error != NULL ? error->message : "TEMPLATE is missing");
      return EXIT_FAILURE;
    }
  g_strchomp (text);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (strcmp (*line, "@KEYS@") == 0)
      print_keys ();
    else if (strcmp (*line, "@EXIT_CODES@") == 0)
      print_exit_codes ();
    else
      puts (*line);
  return fflush (stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
