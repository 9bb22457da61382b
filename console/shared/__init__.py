"""What all pages share: the frame, the clients of AWS, time ranges, text, forms and errors."""
