"""What users do: one function per act. Each validates, writes, and says what is wrong before anything is stored."""
