/* Whether a 32-bit program runs here at all: its status tells. */
int main(void)
{
	return 42;
}
