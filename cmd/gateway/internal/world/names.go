package world

// firstNames and lastNames make as many different names as a group can have
// members and spare people: see personName.
var (
	firstNames = [...]string{
		"Alice", "Bruno", "Chidi", "Dewi", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kavya", "Liam",
		"Mei", "Nadia", "Oskar", "Putri", "Quentin", "Rosa", "Samir", "Tala", "Ugo", "Vera", "Wayan", "Xenia",
		"Yusuf", "Zoe", "Amara", "Budi", "Clara", "Daan", "Esra", "Femi", "Gita", "Hana", "Igor", "Joana",
	}
	lastNames = [...]string{
		"Adeyemi", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hidayat", "Ivanova", "Jansen",
		"Kim", "Lestari", "Moreau", "Nakamura", "Okafor", "Petrov", "Quispe", "Rossi", "Sharma", "Tanaka",
		"Ueda", "Vargas", "Wijaya", "Xu", "Yilmaz", "Zhang", "Andersen", "Barros", "Conti", "Diaz", "Evans",
	}
)

// personName gives the i-th person's name. Names differ for the first 36 × 31
// people, because 36 + 1 and 31 have no common divisor.
func personName(i int) string {
	return firstNames[i%len(firstNames)] + " " + lastNames[(i/len(firstNames)+i)%len(lastNames)]
}
